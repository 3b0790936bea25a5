import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

const text = `
name: proven batches
seed: 7
duration: 30s
config:
  atomic_batches:
    required_proofs: [{ asset: USDC, kinds: [multi_party] }]
timeline:
  - at: { block: 2 }
    atomic_batch:
      id: swarm
      account: coordinator
      requests:
        - { id: one, from: agent-1, to: coordinator, asset: TNZO, amount: 1000, proof: { kind: cryptographic } }
        - { id: two, from: agent-2, to: coordinator, asset: TNZO, amount: 1000, proof: { kind: multi_party, signers: [agent-2, agent-1] } }
  - at: { block: 3 }
    atomic_batch:
      id: foreign
      requests: [{ id: three, from: agent-1, to: agent-2, asset: TNZO, amount: 5, proof: { kind: tee_attestation, document: "0xc0ffee" } }]
  - at: { block: 5 }
    atomic_batch:
      id: too-few
      requests:
        - { id: five, from: agent-1, to: agent-2, asset: USDC, amount: 5, proof: { kind: multi_party, signers: [agent-1, boss], signed: [agent-1], threshold: 2 } }
expect:
  - { eventually: { converged: true } }
`;

describe('batches with proofs in a simulation', () => {
  it.each([true, false])('4 nodes: the same with shared executions %s (seed 7)', (shared) => {
    const { result, events } = runScenario(
      text.replace('config:\n', `config:\n  simulation: { shared_execution: ${shared} }\n`),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const results = events.filter(({ operation }) => operation === 'atomic_batch');
    const failed = 'PROOF_VERIFICATION_FAILED';
    expect(results.map(({ result: outcome }) => outcome)).toEqual(['ok', failed, failed]);
  });
});
