/** Names of targets, and which one an input goes to. */
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { refuseInput } from './codes.ts';

const TARGET_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;
/** As many digits in a row could be read as a timestamp where the text that is signed has no marks. */
const TIMESTAMP_RUN = /[0-9]{13}/;

/** True for what a target may be called: the name reads the same in the text that users sign, and ends where it ends there. */
export function isTargetName(text: string): boolean {
  return TARGET_PATTERN.test(text) && !TIMESTAMP_RUN.test(text);
}

/**
 * The target an input names, else the default one.
 * @returns Or `INPUT_TARGET_UNKNOWN`, with those that there are.
 */
export function resolveTarget(
  named: string | undefined,
  options: { readonly targets: readonly string[]; readonly defaultTarget: string },
): Verdict<string, 'INPUT_TARGET_UNKNOWN'> {
  const target = named ?? options.defaultTarget;
  if (options.targets.includes(target)) return accept(target);
  const known = options.targets.map((name) => `\`${name}\``).join(', ');
  const fix = named === undefined ? `name one of ${known}` : `name one of ${known}, or leave it out`;
  return refuseInput('INPUT_TARGET_UNKNOWN', '/data/target', fix, {
    targets: options.targets,
  }) as Verdict<never, 'INPUT_TARGET_UNKNOWN'>;
}
