/** What a caller waits for, and who decides that: the request, the settings of its target, those of all, then a default. */

export const confirmationLevels = ['no-wait', 'wait-receipt', 'wait-effectstream-processed'] as const;
export type ConfirmationLevel = (typeof confirmationLevels)[number];

/** One for all targets, or one each; a target that is not named gets the default. */
export type ConfirmationSettings = ConfirmationLevel | Readonly<Record<string, ConfirmationLevel>>;

const LEVEL_DEFAULT: ConfirmationLevel = 'wait-receipt';

export function isConfirmationLevel(value: unknown): value is ConfirmationLevel {
  return (confirmationLevels as readonly unknown[]).includes(value);
}

/** @param asked - By the request, if it does. @param settings - `batcher.confirmation_level`, if it is set. */
export function resolveConfirmationLevel(
  asked: ConfirmationLevel | undefined,
  target: string,
  settings: ConfirmationSettings | undefined,
): ConfirmationLevel {
  if (asked !== undefined) return asked;
  if (settings === undefined || typeof settings === 'string') return settings ?? LEVEL_DEFAULT;
  return Object.hasOwn(settings, target) ? (settings[target] ?? LEVEL_DEFAULT) : LEVEL_DEFAULT;
}
