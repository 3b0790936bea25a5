/** The script of the playground: asks the node what it is and what it can do, and fills the page with that. */
import { byId, element } from './element.ts';
import { type Description, renderEndpoints } from './endpoints.ts';
import { type BatcherFacts, InputForm } from './sendInput.ts';

interface Status {
  readonly name: string;
  readonly chain_id: string;
  readonly finalized_height: number;
  readonly batcher: BatcherFacts | null;
}

async function showNode(): Promise<void> {
  const status = await ask<Status>('/status');
  const { name, chain_id: chainId, finalized_height: height, batcher } = status;
  byId('node').textContent = `${name} on chain ${chainId.slice(0, 10)}…, at final height ${height}.`;
  byId('input-form').append(
    batcher === null
      ? element(
          'p',
          { class: 'card bad' },
          'This node takes no inputs: set batcher.enabled to true to turn them on.',
        )
      : new InputForm(batcher).render(),
  );
}

async function showEndpoints(): Promise<void> {
  byId('endpoint-list').append(renderEndpoints(await ask<Description>('/openapi.json')));
}

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Shows what went wrong where the part would stand. */
async function fill(id: string, show: () => Promise<void>): Promise<void> {
  try {
    await show();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    byId(id).replaceChildren(element('p', { class: 'card bad', role: 'alert' }, message));
  }
}

void Promise.all([fill('input-form', showNode), fill('endpoint-list', showEndpoints)]);
