import { describe, expect, it } from 'vitest';
import { createResolvers, installPromiseWithResolvers } from '../../../node/shims.ts';

describe('createResolvers', () => {
  it('gives a promise and the functions that settle it', async () => {
    const done = createResolvers<number>();
    done.resolve(7);
    await expect(done.promise).resolves.toBe(7);
    const failed = createResolvers<number>();
    failed.reject(new Error('no'));
    await expect(failed.promise).rejects.toThrow('no');
  });
});

describe('installPromiseWithResolvers', () => {
  it('gives the global Promise the method on every Node version', async () => {
    const { withResolvers } = Promise as unknown as { withResolvers: typeof createResolvers };
    expect(typeof withResolvers).toBe('function');
    const { promise, resolve } = withResolvers.call<typeof Promise, [], ReturnType<typeof createResolvers>>(
      Promise,
    );
    resolve('done');
    await expect(promise).resolves.toBe('done');
  });

  it('adds the method where it is missing and leaves it out of enumeration', () => {
    const target: { withResolvers?: unknown } = {};
    installPromiseWithResolvers(target);
    expect(target.withResolvers).toBe(createResolvers);
    expect(Object.keys(target)).toEqual([]);
  });

  it('keeps a method that is there already', () => {
    const own = () => undefined;
    const target: { withResolvers?: unknown } = { withResolvers: own };
    installPromiseWithResolvers(target);
    expect(target.withResolvers).toBe(own);
  });
});
