/** Dishonesty by silence: the core works and believes it was heard. */
import type { Output } from '../../core/types.ts';
import { HonestBehaviour } from './behaviour.ts';

/** Holds the duty and submits nothing: no first transaction, no replacement, no resend. */
export class WithholdSettlement extends HonestBehaviour {
  override sends(output: Output): boolean {
    if (output.type === 'submitSettlement') return false;
    // The core reports what the fault held back.
    return output.type !== 'emit' || output.event.type !== 'batch_submitted';
  }
}

/** Sends no vote and repeats none. Its proposals still go out, and a proposal counts as its leader's vote. */
export class WithholdVotes extends HonestBehaviour {
  override sends(output: Output): boolean {
    return output.type !== 'publish' || output.topic !== 'votes';
  }
}

/** Publishes nothing and answers nobody, but hears and asks. */
export class WithholdGossip extends HonestBehaviour {
  override sends(output: Output): boolean {
    return output.type !== 'publish' && output.type !== 'respond';
  }
}
