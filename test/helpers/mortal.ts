/**
 * A process that may die between any two of its calls to the world outside: from then on it does nothing, hears nothing, and
 * is told nothing. Its calls may also fail, before or after they did what they were for.
 */

export type CallFault = 'before' | 'after';

export class Mortal {
  isDead = false;
  calls = 0;
  #killAt: number;
  readonly #isKilledLate: boolean;

  /** @param killAt - The call that it does not survive. @param isKilledLate - That call still does its work. */
  constructor(killAt = Number.POSITIVE_INFINITY, isKilledLate = false) {
    this.#killAt = killAt;
    this.#isKilledLate = isKilledLate;
  }

  /** It lives on, unless it is dead. */
  spare(): void {
    this.#killAt = Number.POSITIVE_INFINITY;
  }

  /** Makes a call, if it lives. @param fault - Thrown before the work, or instead of its answer. */
  async call<Value>(
    work: () => Promise<Value>,
    fault?: { readonly when: CallFault; readonly error: Error } | undefined,
  ): Promise<Value> {
    if (this.isDead) return never();
    this.calls += 1;
    const isLast = this.calls === this.#killAt;
    if (isLast && !this.#isKilledLate) this.isDead = true;
    if (this.isDead) return never();
    if (fault?.when === 'before') throw fault.error;
    try {
      const value = await work();
      if (isLast && Number.isFinite(this.#killAt)) this.isDead = true;
      if (this.isDead) return never();
      if (fault?.when === 'after') throw fault.error;
      return value;
    } catch (cause) {
      if (this.isDead) return never();
      throw cause;
    }
  }

  /** An object whose methods are calls. @param faultOf - Asked at each of them. */
  wrap<Value extends object>(
    inner: Value,
    faultOf: (method: string) => { readonly when: CallFault; readonly error: Error } | undefined = () =>
      undefined,
  ): Value {
    return new Proxy(inner, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        const method = member.bind(target) as (...parameters: unknown[]) => Promise<unknown>;
        return (...parameters: unknown[]) => this.call(() => method(...parameters), faultOf(String(key)));
      },
    });
  }

  /** Nothing of a dead process comes back from waiting. */
  readonly revive = async <Value>(promise: Promise<Value>): Promise<Value> => {
    const value = await promise;
    return this.isDead ? never() : value;
  };
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}
