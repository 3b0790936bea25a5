/** `GET /documentation`: a page that lists every endpoint, tries them out, and sends inputs that it signs itself. */
import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { defineRoute, ok, type Route } from '../route.ts';
import { playgroundStyles, renderPlayground } from './playgroundPage.ts';
import { loadPlaygroundScript } from './playgroundScript.ts';

/** @param version - Of the program. */
export function playgroundRoute(version: string): Route {
  // Made on the first request: most nodes are never asked.
  let page: Promise<{ readonly text: string; readonly policy: string }> | undefined;
  return defineRoute({
    method: 'GET',
    path: '/documentation',
    summary: 'A page to try all this out, and to send inputs from',
    tag: 'node',
    codes: [],
    answers: [
      {
        status: 200,
        description: 'one page that talks to this node alone',
        schema: Type.String(),
        example: '<!doctype html>…',
        contentType: 'text/html',
      },
    ],
    handle: async () => {
      page ??= makePage(version);
      const { text, policy } = await page;
      return {
        ...ok(text),
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
        },
      };
    },
  });
}

async function makePage(version: string): Promise<{ readonly text: string; readonly policy: string }> {
  const script = await loadPlaygroundScript();
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    // The empty icon, which keeps browsers from asking for one.
    'img-src data:',
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(playgroundStyles)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { text: renderPlayground(script, version), policy };
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
