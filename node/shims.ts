/**
 * What Node 20 lacks and packages expect. Imported first by the command line, before anything that may need it;
 * on a newer Node it changes nothing.
 */

/** A promise with the two functions that settle it. */
export interface PromiseResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value | PromiseLike<Value>) => void;
  readonly reject: (reason?: unknown) => void;
}

/** `Promise.withResolvers` (ECMAScript 2024), which libp2p calls. */
export function createResolvers<Value>(): PromiseResolvers<Value> {
  let resolve: PromiseResolvers<Value>['resolve'] | undefined;
  let reject: PromiseResolvers<Value>['reject'] | undefined;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // The executor above has run by now: the constructor calls it before it returns.
  if (resolve === undefined || reject === undefined) throw new Error('promise executor did not run');
  return { promise, resolve, reject };
}

/**
 * Gives `target` a `withResolvers` if it has none.
 * @param target - The global `Promise`, or a stand-in in tests.
 */
export function installPromiseWithResolvers(target: { withResolvers?: unknown }): void {
  if (typeof target.withResolvers === 'function') return;
  Object.defineProperty(target, 'withResolvers', {
    value: createResolvers,
    writable: true,
    configurable: true,
  });
}

installPromiseWithResolvers(Promise as { withResolvers?: unknown });
