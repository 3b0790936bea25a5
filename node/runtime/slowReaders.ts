/** Finds peers that read nothing: what waits to be sent to them has not become less for many looks in a row. */

/** Looks, one a second, after which a peer whose backlog only grew is given up: no honest reader is that slow for that long. */
const LOOKS_MAX = 10;

interface Backlog {
  byteCount: number;
  looks: number;
}

export class SlowReaders {
  readonly #backlogs = new Map<string, Backlog>();

  /** @param byteCount - What waits for the peer now. @returns Whether it has read nothing for too long. */
  look(peer: string, byteCount: number): boolean {
    const backlog = this.#backlogs.get(peer);
    if (byteCount === 0) {
      this.#backlogs.delete(peer);
      return false;
    }
    if (backlog === undefined || byteCount < backlog.byteCount) {
      this.#backlogs.set(peer, { byteCount, looks: 1 });
      return false;
    }
    backlog.byteCount = byteCount;
    backlog.looks += 1;
    return backlog.looks > LOOKS_MAX;
  }

  /** Forgets everybody but these. */
  keep(peers: ReadonlySet<string>): void {
    for (const peer of this.#backlogs.keys()) if (!peers.has(peer)) this.#backlogs.delete(peer);
  }
}
