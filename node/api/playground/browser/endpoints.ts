/** Every endpoint of the description, with what it takes and answers, and a form that asks it. */
import { codeRegion, element, field } from './element.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: { readonly description?: string; readonly pattern?: string; readonly type?: string };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly example: unknown } } };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content: Readonly<Record<string, { readonly example: unknown }>>;
      }
    >
  >;
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Most characters of an answer that are shown: streams have no end. */
const SHOWN_MAX = 200_000;

export function renderEndpoints({ paths }: Description): HTMLElement {
  const groups = new Map<string, HTMLElement[]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag = 'other'] = operation.tags;
      const group = groups.get(tag) ?? [];
      groups.set(tag, [...group, renderEndpoint(path, method.toUpperCase(), operation)]);
    }
  }
  const parts = [...groups].flatMap(([tag, endpoints]) => [
    element('h3', { class: 'group', id: `group-${tag}` }, tag),
    ...endpoints,
  ]);
  return element('div', {}, ...parts);
}

function renderEndpoint(path: string, method: string, operation: Operation): HTMLElement {
  const inside = element('div', { class: 'inside' });
  const fold = element(
    'details',
    { class: 'endpoint', id: operation.operationId },
    element(
      'summary',
      {},
      element('span', { class: `method ${method.toLowerCase()}` }, method),
      element('code', { class: 'path' }, path),
      element('span', { class: 'what' }, operation.summary),
    ),
    inside,
  );
  // Filled when it is opened: most never are.
  fold.addEventListener(
    'toggle',
    () => inside.append(renderTrial(path, method, operation), renderAnswers(operation)),
    { once: true },
  );
  return fold;
}

function renderTrial(path: string, method: string, operation: Operation): HTMLElement {
  const { operationId, parameters, requestBody, security } = operation;
  const inputs = parameters.map((parameter) => ({
    parameter,
    input: element('input', { id: `${operationId}-${parameter.name}`, class: 'code', autocomplete: 'off' }),
  }));
  const example = requestBody?.content['application/json'].example;
  const body =
    requestBody === undefined
      ? undefined
      : element('textarea', { id: `${operationId}-body`, rows: 8, spellcheck: 'false' });
  if (body !== undefined) body.value = JSON.stringify(example, undefined, 2);
  const token =
    security === undefined
      ? undefined
      : element('input', { id: `${operationId}-token`, type: 'password', autocomplete: 'off' });
  const answer = element('div', { 'aria-live': 'polite' });
  const fields = [
    ...inputs.map(({ parameter: { name, required, schema }, input }) =>
      field(required ? name : `${name} (optional)`, input, { hint: schema.description ?? schema.pattern }),
    ),
    token === undefined
      ? undefined
      : field('Admin token', token, { hint: '`api.admin_token` of the node; sent as a bearer token' }),
    body === undefined ? undefined : field('Body', body, { isWhole: true }),
  ];
  const stop = element('button', { type: 'button', hidden: true }, 'Stop');
  const form = element(
    'form',
    { 'aria-label': `Try ${method} ${path}` },
    element('div', { class: 'fields' }, ...fields),
    element(
      'div',
      { class: 'buttons' },
      element('button', { type: 'submit', class: 'main' }, 'Send request'),
      stop,
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const caller = new AbortController();
    stop.hidden = false;
    stop.addEventListener('click', () => caller.abort(), { once: true });
    const url = urlOf(path, inputs);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined || token.value === '' ? {} : { authorization: `Bearer ${token.value}` }),
    };
    const init = {
      method,
      headers,
      signal: caller.signal,
      ...(body === undefined ? {} : { body: body.value }),
    };
    void ask(url, init, answer).finally(() => {
      stop.hidden = true;
    });
  });
  return element('div', {}, form, answer);
}

function urlOf(
  path: string,
  inputs: readonly { readonly parameter: Parameter; readonly input: HTMLInputElement }[],
): string {
  let filled = path;
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    const value = input.value.trim();
    if (parameter.in === 'path') filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== '') query.set(parameter.name, value);
  }
  return query.size === 0 ? filled : `${filled}?${query}`;
}

/** Shows an answer as it comes; what never ends is shown until it is stopped. */
async function ask(url: string, init: RequestInit, answer: HTMLElement): Promise<void> {
  const outcome = element('p', { class: 'outcome' }, `${init.method} ${url}: asking…`);
  answer.replaceChildren(outcome);
  try {
    const startMs = performance.now();
    const response = await fetch(url, init);
    outcome.className = response.ok ? 'outcome ok' : 'outcome failed';
    outcome.textContent = `${response.status} after ${Math.round(performance.now() - startMs)} ms`;
    const retryAfter = response.headers.get('retry-after');
    if (retryAfter !== null) outcome.textContent += `, Retry-After ${retryAfter}`;
    const region = codeRegion(`Answer of ${init.method} ${url}`, '');
    const code = region.querySelector('code') as HTMLElement;
    answer.append(region);
    let text = '';
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true });
      code.textContent = text.slice(-SHOWN_MAX);
    }
    code.textContent = prettify(text).slice(-SHOWN_MAX);
  } catch (error) {
    if (init.signal?.aborted === true) {
      outcome.textContent += ' (stopped)';
      return;
    }
    outcome.className = 'outcome failed';
    outcome.setAttribute('role', 'alert');
    outcome.textContent = `no answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function renderAnswers({ operationId, responses }: Operation): HTMLElement {
  const items = Object.entries(responses).map(([status, { description, content }]) => {
    const [[type = '', shape] = []] = Object.entries(content);
    const { example } = shape ?? {};
    const text = typeof example === 'string' ? example : JSON.stringify(example, undefined, 2);
    return element(
      'details',
      {},
      element('summary', {}, `${status}: ${description}`),
      codeRegion(`Example of an answer ${status} of ${operationId}, ${type}`, text),
    );
  });
  return element('div', {}, element('h4', {}, 'Documented answers'), ...items);
}

function prettify(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
