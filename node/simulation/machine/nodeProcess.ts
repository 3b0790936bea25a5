/** The process of a node, as far as a runtime needs it: the honest core, unchanged. */
import type { Input, NodeStatus, Output } from '../../core/types.ts';

export interface NodeProcess {
  handle(input: Input): readonly Output[];
  status(): NodeStatus;
}
