// Loss: how an exchange ended, as those see it who read its answer too: what they are told when it is lost, and whether one
// of them may try again.
import { type Fault, faults } from '../kernel/fault.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { Exchange } from './exchange.ts';

export type Ending =
  | { readonly kind: 'answered' | 'abandoned' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export type Loss = Extract<Ending, { readonly kind: 'failed' | 'rejected' }>;

/** What is told to those who wait in vain. */
export function whyLost({ lastFault }: Exchange, ending: Ending): Loss {
  if (ending.kind === 'failed' || ending.kind === 'rejected') return ending;
  if (lastFault !== null) return { kind: 'failed', fault: lastFault };
  return { kind: 'rejected', rejection: reject('upstreamUnavailable', 'The answer it waited for was lost.') };
}

/** What the request itself has brought about would only happen again, and a server that stops begins nothing. */
export function mayHandOver(ending: Ending): boolean {
  if (ending.kind === 'rejected') return ending.rejection.kind !== 'draining';
  return ending.kind !== 'failed' || !isOwnFault(ending.fault);
}

/** The request's own; a deadline is nobody's. */
export const isOwnFault = ({ kind }: Fault): boolean => faults[kind].about === 'request' && kind !== 'deadline';
