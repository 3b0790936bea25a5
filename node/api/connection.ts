/** Single connections of the HTTP server: refusing one that sends no request, and following a caller that waits. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refusal } from './route.ts';

/**
 * Tells when a caller that waits hangs up; meanwhile its silence is no reason to close the connection.
 * @param idleTimeoutMs - Silence that is borne again once it is answered.
 */
export function followCaller(response: ServerResponse, idleTimeoutMs: number): AbortSignal {
  const { socket } = response;
  const caller = new AbortController();
  socket?.setTimeout(0);
  response.once('close', () => {
    if (!response.writableFinished) caller.abort();
    else socket?.setTimeout(idleTimeoutMs);
  });
  return caller.signal;
}

/** For a refused caller to read the answer and hang up, in ms; cut at once, its system may drop the answer unread. */
const LINGER_MS = 1000;

/** Answers a connection whose request never became one, and sees to it that it ends. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body: shape } = /HEADER_OVERFLOW/.test(error.code ?? '')
    ? refusal('HEADERS_TOO_LARGE', 'the headers are too large')
    : /REQUEST_TIMEOUT/.test(error.code ?? '')
      ? refusal('REQUEST_TIMEOUT', 'the request did not arrive in time')
      : refusal('REQUEST_MALFORMED', 'what came is not HTTP');
  // Nobody knows yet what it asks; clients of the batcher look for this first.
  const text = JSON.stringify({ success: false, ...(shape as object) });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  // No limit of time is on it any more: one that never hangs up could stay for good.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
