/**
 * Everything that is asked of an input before it is stored, cheapest first: shape, target, freshness, rates, size, signature,
 * grammar. What passes may be queued; nothing else gets there.
 */
import { utf8ByteCount } from '../../../consensus/primitives/bytes.ts';
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { requestIdOf } from '../../../settlement/input/requestId.ts';
import { signedTextOf } from '../../../settlement/input/signedText.ts';
import { type InputCode, refuseInput } from './codes.ts';
import { type FreshnessSpan, findFreshnessProblem } from './freshness.ts';
import type { InputLimiter } from './inputLimiter.ts';
import { readInputRequest } from './inputRequest.ts';
import { isInputSigned } from './inputSignature.ts';
import { resolveTarget } from './target.ts';
import type { AdmittedInput, BatcherInput, InputRequest } from './types.ts';

/** What a target asks of its inputs. */
export interface TargetRules<Command> {
  /** Most bytes of an input that its largest batch has room for. */
  readonly inputBytesMax: number;
  /** Its grammar: accepted texts of one account are told apart by what is signed. `input`: the whole of it. */
  readonly parse: (text: string, account: Address, input: BatcherInput) => Verdict<Command>;
  /** Left out: the signature by address type (inputSignature.ts). */
  readonly isSigned?: ((input: BatcherInput, signedText: string) => boolean) | undefined;
}

export interface InputDoorOptions<Command> {
  readonly namespace: string;
  readonly defaultTarget: string;
  readonly targets: ReadonlyMap<string, TargetRules<Command>>;
  readonly freshness: FreshnessSpan;
}

/** An admitted input and what its request asks to wait for. */
export type Admission<Command> = AdmittedInput<Command> & Pick<InputRequest, 'confirmationLevel'>;

export class InputDoor<Command> {
  readonly #options: InputDoorOptions<Command>;
  readonly #limiter: InputLimiter;
  readonly #wallClock: () => number;

  /** @param dependencies - `wallClock`: ms since 1970, which signed timestamps are held against. */
  constructor(
    options: InputDoorOptions<Command>,
    dependencies: { readonly limiter: InputLimiter; readonly wallClock: () => number },
  ) {
    this.#options = options;
    this.#limiter = dependencies.limiter;
    this.#wallClock = dependencies.wallClock;
  }

  /**
   * Judges the body of a request.
   * @param clientKey - Whose rate it counts against (clientKey.ts).
   * @returns What may be stored; or a refusal with a code of `inputCodes`, or one of the target's grammar.
   */
  admit(body: unknown, clientKey: string): Verdict<Admission<Command>> {
    const { namespace, targets, freshness } = this.#options;
    const read = readInputRequest(body);
    if (!read.ok) return read;
    const { data, confirmationLevel } = read.value;
    const resolved = resolveTarget(data.target, {
      targets: [...targets.keys()],
      defaultTarget: this.#options.defaultTarget,
    });
    if (!resolved.ok) return resolved;
    const target = resolved.value;
    const rules = targets.get(target) as TargetRules<Command>;
    const account = data.address.toLowerCase();
    const early =
      findFreshnessProblem(Number(data.timestamp), this.#wallClock(), freshness) ??
      refusalOf(this.#limiter.admit(clientKey, account)) ??
      findSizeProblem(data.input, rules);
    if (early !== undefined) return early;
    const signedText = signedTextOf(data, namespace);
    const isSigned = rules.isSigned ?? isInputSigned;
    if (!isSigned(data, signedText)) return refuseSignature(signedText);
    const late = refusalOf(this.#limiter.charge(account));
    if (late !== undefined) return late;
    const parsed = rules.parse(data.input, account, data);
    if (!parsed.ok) return parsed;
    const requestId = requestIdOf(data.addressType, data.address, signedText);
    return accept({ requestId, target, account, data, command: parsed.value, confirmationLevel });
  }

  /** An input that was admitted turned out to be known: its account is not charged for it. */
  takeForKnown({ account }: Pick<AdmittedInput, 'account'>): void {
    this.#limiter.giveBack(account);
  }
}

function findSizeProblem(
  input: string,
  { inputBytesMax }: { readonly inputBytesMax: number },
): Refusal<InputCode> | undefined {
  const size = utf8ByteCount(input);
  if (size <= inputBytesMax) return undefined;
  const fix = `send at most ${inputBytesMax} bytes to this target`;
  return refuseInput('INPUT_NEVER_FITS', '/data/input', fix, { size, max: inputBytesMax });
}

function refuseSignature(signedText: string): Refusal<InputCode> {
  const shown = signedText.length > 200 ? `${signedText.slice(0, 200)}…` : signedText;
  const fix = `sign \`${shown}\` with the key of the address: EIP-191 for address type 0, ed25519 for 200`;
  return refuseInput('INPUT_SIGNATURE_INVALID', '/data/signature', fix, { signed_text: shown });
}

function refusalOf(verdict: Verdict<unknown, InputCode>): Refusal<InputCode> | undefined {
  return verdict.ok ? undefined : verdict;
}
