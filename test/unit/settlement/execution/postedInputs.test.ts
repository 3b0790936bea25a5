import { describe, expect, it } from 'vitest';
import {
  decodePost,
  encodePost,
  isPostQueued,
  POSTED_TRANSACTIONS_MAX,
  POSTED_WAITING_BYTES_MAX,
  POSTED_WAITING_MAX,
  PostedQueue,
  type PostedTransaction,
  postedTables,
} from '../../../../settlement/execution/postedInputs.ts';
import { postedInputHash } from '../../../../settlement/net/postedInput.ts';
import type { SettlementBlock, SettlementEvent } from '../../../../settlement/net/settlement.ts';
import { Layer, State } from '../../../../settlement/state.ts';
import { settlementBlock } from '../net/netFixture.ts';

function inputOf(number: number, byteCount = 4): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function posted(bytes: Uint8Array): SettlementEvent {
  return { type: 'input_posted', transactionHash: postedInputHash(bytes), bytes };
}

/** A settlement block with one post of these inputs. */
function blockOf(height: number, ...numbers: number[]): SettlementBlock {
  return settlementBlock(height, [posted(encodePost(numbers.map((number) => inputOf(number))))]);
}

/** State from block to block. */
class World {
  readonly base = new Layer();

  get state(): State {
    return new State([this.base]);
  }

  /** A block that executes up to so many. @returns Their numbers. */
  execute(blocks: readonly SettlementBlock[], countMax: number): number[] {
    const state = this.state;
    const queue = new PostedQueue(state);
    queue.addBlocks(blocks);
    const taken: PostedTransaction[] = [];
    for (let next = queue.peek(); next !== undefined && taken.length < countMax; next = queue.peek()) {
      taken.push(next);
      queue.shift();
    }
    queue.keep();
    this.base.absorb(state.freeze());
    return taken.map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
  }

  get rowCount(): number {
    return postedTables.reduce((sum, table) => sum + this.state.entries(table as never).length, 0);
  }
}

describe('encodePost', () => {
  it('gives back what was posted, and another post for another salt', () => {
    const inputs = [inputOf(1), inputOf(2)];
    expect(decodePost(encodePost(inputs))).toEqual({ ok: true, value: inputs });
    expect(decodePost(encodePost(inputs, 7))).toEqual({ ok: true, value: inputs });
    expect(encodePost(inputs, 7)).not.toEqual(encodePost(inputs));
  });

  it('refuses what is no list of inputs', () => {
    for (const bytes of [
      Uint8Array.of(1),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0),
      new Uint8Array(64).fill(255),
    ])
      expect(decodePost(bytes)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
  });
});

describe('PostedQueue', () => {
  it('hands out what came with the block in order, and leaves no row behind', () => {
    const world = new World();
    expect(world.execute([blockOf(1, 1, 2), blockOf(2, 3)], 9)).toEqual([1, 2, 3]);
    expect(world.rowCount).toBe(0);
    expect(world.execute([], 9)).toEqual([]);
  });

  it('keeps what a block does not get to, ahead of what comes later', () => {
    const world = new World();
    expect(world.execute([blockOf(1, 1, 2, 3)], 1)).toEqual([1]);
    const hash = postedInputHash(encodePost([1, 2, 3].map((number) => inputOf(number))));
    expect(isPostQueued(world.state, hash)).toBe(true);
    expect(world.execute([blockOf(2, 4, 5)], 3)).toEqual([2, 3, 4]);
    expect(isPostQueued(world.state, hash)).toBe(false);
    expect(world.execute([], 9)).toEqual([5]);
    expect(world.rowCount).toBe(1);
    expect(world.execute([blockOf(3, 6)], 9)).toEqual([6]);
  });

  it('tells of each post where it stands, and refuses as a whole one that is none', () => {
    const queue = new PostedQueue(new World().state);
    const wrong = posted(Uint8Array.of(1, 2, 3));
    const [good] = blockOf(4, 1, 2).events;
    const hashes = [wrong, good].map((event) =>
      event?.type === 'input_posted' ? event.transactionHash : '',
    );
    expect(queue.addBlocks([settlementBlock(4, [wrong, ...(good === undefined ? [] : [good])])])).toEqual([
      { type: 'input_posted', transactionHash: hashes[0], settlementHeight: 4, inputCount: 0 },
      {
        type: 'posted_input_refused',
        transactionHash: hashes[0],
        index: undefined,
        code: 'POSTED_INPUT_INVALID',
      },
      { type: 'input_posted', transactionHash: hashes[1], settlementHeight: 4, inputCount: 2 },
    ]);
  });

  it.each([
    ['posts', POSTED_WAITING_MAX, POSTED_TRANSACTIONS_MAX, 4],
    ['bytes', Math.floor(POSTED_WAITING_BYTES_MAX / (60_000 + 12)), 1, 60_000],
  ])('drops what comes while too many %s wait, and says so', (_what, postCount, inputCount, byteCount) => {
    const world = new World();
    const postAt = (salt: number) =>
      posted(
        encodePost(
          Array.from({ length: inputCount }, (_, index) => inputOf(index, byteCount)),
          salt,
        ),
      );
    const posts = Array.from({ length: postCount }, (_, salt) => postAt(salt));
    world.execute([settlementBlock(1, posts)], 0);
    const state = world.state;
    const facts = new PostedQueue(state).addBlocks([settlementBlock(2, [postAt(postCount)])]);
    expect(facts).toMatchObject([{ inputCount }, { index: undefined, code: 'POSTED_INPUT_QUEUE_FULL' }]);
    // One turn later there is room.
    world.execute([], inputCount);
    expect(new PostedQueue(world.state).addBlocks([settlementBlock(2, [postAt(postCount)])])).toHaveLength(1);
  });
});
