import { beforeAll, describe, expect, it } from 'vitest';
import { type Block, createBlock } from '../../../../../consensus/block.ts';
import { encode } from '../../../../../consensus/primitives/codec.ts';
import { ZERO_HASH } from '../../../../../consensus/primitives/flavor.ts';
import { type Certificate, writeCertificate } from '../../../../../consensus/vote.ts';
import { recoverBlocks, type StoredBlock } from '../../../../../node/core/store.ts';
import { BlockReplay } from '../../../../../node/devnet/engine/replay.ts';
import { createGenesisState } from '../../../../../settlement/execution/genesisState.ts';
import { CoreNetwork, scenarioOf } from '../../../../helpers/coreNetwork.ts';

const text = `
seed: 3
config: { settlement: { batch_size: 4 }, simulation: { crypto: cached } }
timeline:
  - { at: { block: 2 }, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 5 }, repay: { asset: UM, amount: 400 } }
`;

let network: CoreNetwork;
let stored: readonly StoredBlock[] = [];
beforeAll(() => {
  network = new CoreNetwork(scenarioOf(text), { settles: true });
  network.run(24_000);
  stored = recoverBlocks(network.rowsOf(0), 100);
});

class Watcher {
  readonly final: { readonly node: number; readonly block: Block; readonly hasCertificate: boolean }[] = [];
  readonly invalid: string[] = [];
  readonly replay = new BlockReplay(network.genesis, createGenesisState(network.genesis), {
    crypto: network.crypto,
    onFinal: (node, block, { stateRoot }, certificate) => {
      expect(stateRoot).toBe(block.header.stateRoot);
      this.final.push({ node, block, hasCertificate: certificate !== undefined });
    },
    onInvalid: (node, message) => this.invalid.push(`${node} ${message}`),
  });

  seeChain(toHeight = network.chain.head.height): void {
    for (let height = 0; height <= toHeight; height += 1) {
      const block = network.chain.blockAt(height);
      if (block !== undefined) this.replay.addSettlementBlock(block);
    }
  }

  report(node: number, { block, certificate }: StoredBlock): void {
    this.replay.addFinal({
      node,
      height: block.header.height,
      block: block.bytes,
      certificate: certificate && bytesOf(certificate),
    });
  }

  get heights(): readonly number[] {
    return this.final.map(({ block }) => block.header.height);
  }
}

function bytesOf(certificate: Certificate): Uint8Array {
  return encode((writer) => writeCertificate(writer, certificate), 512);
}

function storedAt(height: number): StoredBlock {
  const found = stored[height - 1];
  if (found === undefined) throw new Error(`no block ${height}`);
  return found;
}

const upTo = (height: number): readonly number[] => Array.from({ length: height }, (_, index) => index + 1);

describe('BlockReplay', () => {
  it('comes to the roots of the nodes, whatever order blocks are reported in and however often', () => {
    expect(stored.length).toBeGreaterThanOrEqual(10);
    const watcher = new Watcher();
    watcher.seeChain();
    for (const one of [...stored].reverse()) watcher.report(1, one);
    for (const one of stored) watcher.report(2, one);
    expect(watcher.heights).toEqual(upTo(stored.length));
    expect(watcher.final.some(({ hasCertificate }) => hasCertificate)).toBe(true);
    expect(watcher.invalid).toEqual([]);
  });

  it('waits for the settlement blocks that a block names', () => {
    const watcher = new Watcher();
    watcher.seeChain(0);
    for (const one of stored) watcher.report(0, one);
    const waitsAt = stored.findIndex(({ block }) => block.header.origin.height > 0);
    expect(waitsAt).toBeGreaterThan(0);
    expect(watcher.heights).toEqual(upTo(waitsAt));
    watcher.seeChain();
    expect(watcher.heights).toEqual(upTo(stored.length));
  });

  it('waits for the confirmations of a settlement block that a header names anew, and of no other', () => {
    const deep = new CoreNetwork(
      scenarioOf(text.replace('batch_size: 4', 'batch_size: 4, origin_confirmations: 2')),
      {
        settles: true,
      },
    );
    deep.run(30_000);
    const blocks = recoverBlocks(deep.rowsOf(0), 100);
    const heights: number[] = [];
    const replay = new BlockReplay(deep.genesis, createGenesisState(deep.genesis), {
      crypto: deep.crypto,
      onFinal: (_node, { header }) => heights.push(header.height),
      onInvalid: (_node, message) => expect(message).toBe(''),
    });
    const waitsAt = blocks.findIndex(({ block }) => block.header.origin.height > 0);
    expect(waitsAt).toBeGreaterThan(0);
    for (let height = 0; height <= deep.chain.head.height; height += 1) {
      const settlementBlock = deep.chain.blockAt(height);
      if (settlementBlock !== undefined) replay.addSettlementBlock(settlementBlock);
      for (const { block } of blocks) {
        replay.addFinal({ node: 0, height: block.header.height, block: block.bytes, certificate: undefined });
      }
      if (height < 3) expect(heights).toEqual(upTo(waitsAt));
    }
    expect(heights).toEqual(upTo(blocks.length));
  });

  it('believes no block that executing it does not bear out, and takes the one of another node', () => {
    const watcher = new Watcher();
    watcher.seeChain();
    const { block } = storedAt(1);
    const forged = createBlock({ ...block.header, stateRoot: ZERO_HASH }, block.body);
    watcher.report(3, { block: forged, certificate: undefined });
    expect(watcher.invalid).toHaveLength(1);
    expect(watcher.invalid[0]).toContain('3 reported a block as final at height 1 that is not valid');
    watcher.report(0, storedAt(1));
    expect(watcher.final.map(({ node }) => node)).toEqual([0]);
  });

  it('believes no block beside the chain, no bytes that are no block, and no certificate of another block', () => {
    const watcher = new Watcher();
    watcher.seeChain();
    const certified = stored.find(({ certificate }) => certificate !== undefined);
    const { block } = storedAt(1);
    const stray = createBlock({ ...block.header, parentHash: ZERO_HASH }, block.body);
    watcher.report(0, { block: stray, certificate: undefined });
    watcher.replay.addFinal({ node: 1, height: 1, block: new Uint8Array(7), certificate: undefined });
    const other = stored.find(({ certificate }) => certificate?.blockHash !== block.hash && certificate);
    watcher.report(2, { block, certificate: (other ?? certified)?.certificate });
    watcher.replay.addFinal({ node: 3, height: 1, block: block.bytes, certificate: new Uint8Array(3) });
    expect(watcher.invalid).toEqual([
      '0 reported a block as final at height 1 that does not stand on the one before',
      '1 reported a block as final at height 1 that does not decode',
      '2 reported a block as final at height 1 that its certificate does not finalise',
      '3 reported a block as final at height 1 that its certificate does not finalise',
    ]);
    expect(watcher.final).toEqual([]);
  });

  it('follows a settlement chain that takes blocks back', () => {
    const watcher = new Watcher();
    watcher.seeChain();
    const { height } = network.chain.head;
    expect(watcher.replay.settlementHeight).toBe(height);
    const again = network.chain.blockAt(height - 1);
    if (again === undefined) throw new Error('no block');
    watcher.replay.addSettlementBlock(again);
    expect(watcher.replay.settlementHeight).toBe(height - 1);
    expect(watcher.replay.settlementBlockAt(height)).toBeUndefined();
    expect(watcher.replay.settlementBlockAt(height - 1)?.hash).toBe(again.hash);
  });
});
