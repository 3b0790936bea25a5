/** Two buttons that go through pages. One that leads nowhere stays in reach of the keyboard, so that nobody is thrown out of it. */
import { element } from '../element.ts';

export class Pager {
  readonly element: HTMLElement;
  readonly #back: HTMLButtonElement;
  readonly #on: HTMLButtonElement;
  readonly #words = element('p', { class: 'note' });

  /** @param go - Towards the start, or on. */
  constructor(label: string, back: string, on: string, go: (isBack: boolean) => void) {
    const button = (name: string, isBack: boolean): HTMLButtonElement => {
      const made = element('button', { type: 'button', 'aria-disabled': 'true' }, name);
      made.addEventListener('click', () => {
        if (made.getAttribute('aria-disabled') === 'false') go(isBack);
      });
      return made;
    };
    this.#back = button(back, true);
    this.#on = button(on, false);
    this.element = element(
      'div',
      { class: 'pager', role: 'group', 'aria-label': label },
      this.#back,
      this.#on,
      this.#words,
    );
  }

  show(canGoBack: boolean, canGoOn: boolean, words: string): void {
    this.#back.setAttribute('aria-disabled', String(!canGoBack));
    this.#on.setAttribute('aria-disabled', String(!canGoOn));
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
