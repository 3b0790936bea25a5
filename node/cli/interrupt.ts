/** Ctrl-C and SIGTERM: the first asks to end in good order, the second ends the process at once. */

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Listens for the first of them. Without a listener the system ends the process by itself, so letting go of the signal
 * is all it takes for the second.
 * @returns Stops listening.
 */
export function onInterrupt(listener: () => void): () => void {
  const stop = (): void => {
    for (const signal of signals) process.off(signal, interrupt);
  };
  const interrupt = (): void => {
    stop();
    listener();
  };
  for (const signal of signals) process.on(signal, interrupt);
  return stop;
}
