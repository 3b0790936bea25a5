/** Reads the names of nodes where faults name them: one, one in a map, or a list. */
import type { ScenarioContext } from './context.ts';
import type { Place } from './reader.ts';

export const NODE_EXPECTED = 'the name of a node';
export const NODES_EXPECTED = 'a list of nodes such as [node-0, node-1]';

/** `node-1`, or `{ node: node-1 }`. */
export function readNode(context: ScenarioContext, place: Place): string | undefined {
  return place.value.kind === 'map' ? readNodeOf(context, place) : context.node(place);
}

/** The one node of a map such as `{ node: node-1 }`. */
export function readNodeOf(context: ScenarioContext, place: Place): string | undefined {
  const map = context.reader.map(place, ['node'], 'a map such as { node: node-2 }');
  return map && context.node(context.reader.require(map, 'node', NODE_EXPECTED));
}

/**
 * At least one node, each once.
 * @param seen - Names that have stood elsewhere in the same fault; those read are added.
 */
export function readNodes(
  context: ScenarioContext,
  place: Place | undefined,
  seen = new Set<string>(),
): string[] | undefined {
  if (place === undefined) return undefined;
  const { reader } = context;
  const items = reader.list(place, NODES_EXPECTED);
  if (items === undefined) return undefined;
  if (items.length === 0) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_FAULT_EMPTY',
      'expected at least one node, got none',
    );
  }
  const nodes: string[] = [];
  for (const item of items) {
    const node = context.node(item);
    if (node === undefined) continue;
    if (seen.has(node)) {
      reader.report(
        item.value.at,
        item.path,
        'SCENARIO_NODE_REPEATED',
        `expected each node once, got \`${node}\` again`,
      );
      continue;
    }
    seen.add(node);
    nodes.push(node);
  }
  return nodes.length === items.length ? nodes : undefined;
}
