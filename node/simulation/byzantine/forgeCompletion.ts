/** Tells of settlements that never happened, in its own name and, without their keys, in the names of others. */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../../settlement/net/settlement.ts';
import { completionSigningBytes, encodeCompletion } from '../../core/completion.ts';
import type { Input } from '../../core/types.ts';
import { type Hands, HonestBehaviour } from './behaviour.ts';

/** A hash that nothing has. */
const NOTHING: Hash = `0x${'ff'.repeat(32)}`;

export class ForgeCompletion extends HonestBehaviour {
  readonly #hands: Hands;

  constructor(hands: Hands) {
    super();
    this.#hands = hands;
  }

  /** One forgery with every settlement block it hears of. */
  override receives(input: Input): boolean {
    if (input.type === 'settlementBlock') this.#forge(input.block);
    return true;
  }

  #forge({ height, lastSettledSeq }: SettlementBlock): void {
    const { genesis, signer, self, peers, random } = this.#hands;
    const inOtherName = random.chance(0.5);
    const fromHeight = 1 + random.below(100);
    const unsigned = {
      seq: lastSettledSeq + random.below(3),
      fromHeight,
      toHeight: fromHeight + 4,
      net: [{ asset: 'UM', amount: BigInt(1 + random.below(1000)) }],
      transactionHash: NOTHING,
      // A block that all know, or one that nobody can know yet.
      settlementHeight: height + (random.chance(0.5) ? 0 : 5),
      receiptsRoot: NOTHING,
      proposer: inOtherName ? (peers[random.below(peers.length)] ?? genesis.validators.count) : self,
    };
    const signature = signer.sign(completionSigningBytes(genesis.chainId, unsigned));
    this.#hands.gossipTo(peers, 'settlements', encodeCompletion({ ...unsigned, signature }));
  }
}
