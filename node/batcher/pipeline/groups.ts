/**
 * Which inputs go into a batch together, after a batch with them came back: isolation. A batch that failed for reasons nobody can
 * put on one input is tried again in halves, so what is poisoned ends alone and the rest go on. Kept in memory: after a restart the
 * whole is tried, and divided, once more.
 */

export class Groups {
  readonly #groupOf = new Map<string, number>();
  #next = 0;

  /** Members go together from now on, without anybody else. */
  bind(requestIds: readonly string[]): void {
    for (const requestId of requestIds) this.#groupOf.set(requestId, this.#next);
    this.#next += 1;
  }

  release(requestIds: readonly string[]): void {
    for (const requestId of requestIds) this.#groupOf.delete(requestId);
  }

  /** Of inputs that wait, those of the first group among them; none: no input is in a group. */
  pick<Input extends { readonly requestId: string }>(inputs: readonly Input[]): readonly Input[] {
    const first = inputs.find(({ requestId }) => this.#groupOf.has(requestId));
    if (first === undefined) return [];
    const group = this.#groupOf.get(first.requestId);
    return inputs.filter(({ requestId }) => this.#groupOf.get(requestId) === group);
  }
}

/** Both halves, the first one larger by one where they differ; one alone stays whole. */
export function halve<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
