import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';

/** A fault-free network, as plain as scenarios get. */
export function benchmarkScenario(options: {
  readonly crypto: CryptoPolicy;
  readonly nodes: number;
  readonly transactions: number;
  readonly duration: string;
}): Scenario {
  const { crypto, nodes, transactions, duration } = options;
  const text = [
    'name: benchmark',
    `duration: ${duration}`,
    `config: { validators: { count: ${nodes} }, simulation: { crypto: ${crypto} } }`,
    ...(transactions === 0 ? [] : [`workload: { uniform: { transactions_per_block: ${transactions} } }`]),
  ].join('\n');
  const parsed = parseScenario(text, 'benchmark');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value.scenario;
}
