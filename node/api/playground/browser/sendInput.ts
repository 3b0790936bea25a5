/** Sends an input from the page: an account, what to ask for, the text that is signed, and what becomes of it. */
import { BatcherClient, type SendResult } from '../../../batcher/client/batcherClient.ts';
import { type SignedInput, sealTransaction, writeSignedText } from '../../../batcher/client/signedInput.ts';
import type { InputSigner } from '../../../batcher/client/signer.ts';
import { type ConfirmationLevel, confirmationLevels } from '../../../batcher/criteria/confirmationLevel.ts';
import { type AccountKind, accountKinds, openAccount } from './account.ts';
import { choice, codeRegion, element, field } from './element.ts';

/** What `GET /status` says of the batcher. */
export interface BatcherFacts {
  readonly adapterTargets: readonly string[];
  readonly defaultTarget: string;
  readonly namespace: string;
}

const someone = '0x1111111111111111111111111111111111111111';
const examples: readonly (readonly [name: string, input: string])[] = [
  ['Borrow', 'borrow|UM|1000'],
  ['Repay', 'repay|UM|1000'],
  ['Deposit', 'deposit|UM|1000'],
  ['Withdraw', 'withdraw|UM|1000'],
  ['Transfer', `transfer|${someone}|UM|1000`],
  ['Liquidate', `liquidate|${someone}|UM|1000|USDC`],
  ['Sealed JSON', sealTransaction({ type: 'transfer', to: someone, asset: 'UM', amount: '1000' })],
];

/** The first account that every devnet funds: its key is no secret (docs/devnet.md). */
const DEVNET_KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

export class InputForm {
  readonly #facts: BatcherFacts;
  readonly #client: BatcherClient;
  readonly #kind = choice('account', accountKinds);
  readonly #secret = element('input', {
    id: 'secret',
    class: 'code',
    autocomplete: 'off',
    spellcheck: 'false',
    value: DEVNET_KEY,
  });
  readonly #secretField = field('Secret key', this.#secret, {
    hint: '32 bytes as hex. This one is the first funded account of every devnet; keep keys that are worth something away.',
    isWhole: true,
  });
  readonly #target: HTMLSelectElement;
  readonly #example = choice(
    'example',
    examples.map(([name, input]) => [input, name] as const),
  );
  readonly #input = element('textarea', { id: 'input', spellcheck: 'false', rows: 3 });
  readonly #level = choice(
    'level',
    confirmationLevels.map((level) => [level, level] as const),
  );
  readonly #shown = element('div', { 'aria-live': 'polite' });
  readonly #steps = element('ul', { class: 'steps', 'aria-live': 'polite', 'aria-label': 'What happened' });
  /** A throwaway key stays the same until another kind is chosen. */
  #account: InputSigner | undefined;
  /** What is shown and signed, until something about it is changed. */
  #signed: SignedInput | undefined;
  #stop = new AbortController();

  constructor(facts: BatcherFacts) {
    this.#facts = facts;
    this.#client = new BatcherClient({ url: window.location.origin, namespace: facts.namespace });
    this.#target = choice('target', [
      ['', `none: ${facts.defaultTarget}, the default`],
      ...facts.adapterTargets.map((target) => [target, target] as const),
    ]);
    this.#input.value = examples[0]?.[1] ?? '';
  }

  render(): HTMLElement {
    const sign = element('button', { type: 'button', id: 'sign' }, 'Sign');
    const send = element('button', { type: 'submit', id: 'send-button', class: 'main' }, 'Sign and send');
    const form = element(
      'form',
      { 'aria-label': 'Input' },
      element(
        'div',
        { class: 'fields' },
        field('Account', this.#kind, { hint: 'Throwaway keys are made in this page, and die with it.' }),
        field('Target', this.#target),
        this.#secretField,
        field('Example', this.#example),
        field('Answer when', this.#level, { hint: 'What the answer to the request waits for.' }),
        field('Input', this.#input, { isWhole: true }),
      ),
      element('div', { class: 'buttons' }, send, sign),
    );
    this.#secretField.hidden = this.#kind.value !== 'secret';
    this.#kind.addEventListener('change', () => {
      this.#account = undefined;
      this.#secretField.hidden = this.#kind.value !== 'secret';
    });
    this.#secret.addEventListener('input', () => {
      this.#account = undefined;
    });
    this.#example.addEventListener('change', () => {
      this.#input.value = this.#example.value;
    });
    form.addEventListener('input', () => this.#forget());
    sign.addEventListener('click', () => void this.#act(() => this.#sign()));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#act(() => this.#send());
    });
    return element('div', {}, form, this.#shown, this.#steps);
  }

  #forget(): void {
    this.#signed = undefined;
    this.#shown.replaceChildren();
  }

  async #act(act: () => Promise<unknown>): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#steps.replaceChildren();
    try {
      await act();
    } catch (error) {
      // Somebody pressed a button again meanwhile.
      if (!signal.aborted) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  async #sign(): Promise<SignedInput> {
    const { namespace } = this.#facts;
    this.#account ??= await openAccount(this.#kind.value as AccountKind, this.#secret.value);
    const account = this.#account;
    const target = this.#target.value === '' ? undefined : this.#target.value;
    const wish = { input: this.#input.value, target, timestampMs: Date.now() };
    const text = writeSignedText(wish, account.address, namespace);
    this.#shown.replaceChildren(element('h3', {}, 'What is signed'), codeRegion('Text that is signed', text));
    const signature = await account.sign(text);
    const { address, addressType } = account;
    const signed: SignedInput = {
      address,
      addressType,
      input: wish.input,
      signature,
      timestamp: String(wish.timestampMs),
      ...(target === undefined ? {} : { target }),
    };
    const body = { data: signed, confirmationLevel: this.#level.value };
    this.#shown.append(
      element('h3', {}, 'What is sent'),
      codeRegion('Body of POST /send-input', JSON.stringify(body, undefined, 2)),
    );
    this.#signed = signed;
    this.#note('Signed', address);
    return signed;
  }

  async #send(): Promise<void> {
    const { signal } = this.#stop;
    const signed = this.#signed ?? (await this.#sign());
    const confirmationLevel = this.#level.value as ConfirmationLevel;
    this.#note('Sent', `waiting for ${confirmationLevel}`);
    const sent = await this.#client.resend(signed, { confirmationLevel, signal });
    if (sent.outcome !== 'accepted') return this.#refuse(sent);
    this.#note('Accepted', `${sent.message} (${sent.requestId})`);
    const result = await this.#client.waitFor(sent.requestId, 'wait-receipt', {
      signal,
      onProgress: ({ state, transactionHash, rollup }) => {
        const parts = [
          transactionHash === undefined ? undefined : `transaction ${transactionHash}`,
          rollup === undefined ? undefined : `height ${rollup}`,
        ];
        this.#note(state, parts.filter((part) => part !== undefined).join(', '));
      },
    });
    if (result.outcome === 'unknown') this.#fail(`what became of it is not known: ${result.reason}`);
    if (result.outcome === 'failed') this.#fail(`failed for good: ${result.input.errorCode}`);
    if (result.outcome === 'confirmed') this.#conclude('Confirmed', 'ok');
  }

  #note(what: string, detail: string): void {
    const time = new Date().toLocaleTimeString([], { hour12: false });
    this.#steps.append(
      element(
        'li',
        {},
        element('time', {}, time),
        element('strong', {}, what),
        detail === '' ? '' : `: ${detail}`,
      ),
    );
  }

  #conclude(text: string, look: 'ok' | 'failed'): void {
    this.#steps.append(element('li', {}, element('strong', { class: look }, text)));
  }

  #fail(message: string): void {
    this.#steps.append(element('li', { role: 'alert' }, element('strong', { class: 'failed' }, message)));
  }

  /** In full: code, words and details. */
  #refuse(result: Exclude<SendResult, { readonly outcome: 'accepted' }>): void {
    const { outcome, code = 'no answer', message, details } = result;
    this.#steps.append(
      element(
        'li',
        { role: 'alert' },
        element('strong', { class: 'failed' }, `${outcome}: ${code}`),
        element('p', {}, message),
        codeRegion('Details of the refusal', JSON.stringify(details, undefined, 2)),
      ),
    );
  }
}
