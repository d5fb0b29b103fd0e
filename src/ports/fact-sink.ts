// Where facts go. Accepting one must be cheap and must not throw: it happens on the request path.
import type { Fact } from '../kernel/facts.ts';

export interface FactSink {
  accept(fact: Fact): void;
}
