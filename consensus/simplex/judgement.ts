/** What a node makes of something it received, in the shape of its own output. */

/** What becomes of a message, and why when it is not accepted. A node's output as it stands. */
export interface MessageJudgement {
  readonly type: 'verdict';
  readonly verdict: 'accept' | 'ignore' | 'reject';
  readonly code: string | undefined;
}

export const accepted: MessageJudgement = { type: 'verdict', verdict: 'accept', code: undefined };

export function ignore(code: string): MessageJudgement {
  return { type: 'verdict', verdict: 'ignore', code };
}

export function reject(code: string): MessageJudgement {
  return { type: 'verdict', verdict: 'reject', code };
}
