import { describe, expect, it } from 'vitest';
import { onInterrupt } from '../../../../node/cli/interrupt.ts';

const listeners = (): number[] => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')];

describe('onInterrupt', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'hears %s once and leaves the next to the system, which ends the process',
    (signal) => {
      const before = listeners();
      let heard = 0;
      onInterrupt(() => {
        heard += 1;
      });
      expect(listeners()).toEqual(before.map((count) => count + 1));
      process.emit(signal, signal);
      expect([heard, listeners()]).toEqual([1, before]);
    },
  );

  it('hears nothing any more when it is told to stop', () => {
    const before = listeners();
    onInterrupt(() => undefined)();
    expect(listeners()).toEqual(before);
  });
});
