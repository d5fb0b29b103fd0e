import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellFigures, wellHistory, wellUpstream } from '../../../test/support/figures.ts';
import { diagnose } from './diagnose.ts';

test('where all is well nothing is named', () => {
  assert.deepEqual(diagnose(wellFigures()), { strained: false, findings: [] });
});

test('what explains most comes first, and every upstream is looked at', () => {
  const figures = wellFigures({
    waitingBefore: 4,
    waitingNow: 8,
    history: wellHistory({ arrivalsPerSecondNow: 30 }),
    upstreams: [
      wellUpstream(),
      wellUpstream({ name: 'api', credentialsResting: 1, faults: { exhausted: 1 } }),
      wellUpstream({ name: 'far', firstTokenMs: 4_000 }),
    ],
  });
  const { strained, findings } = diagnose(figures);
  assert.equal(strained, true);
  assert.deepEqual(
    findings.map(({ cause, about }) => [cause, about]),
    [
      ['deadCredential', 'api'],
      ['burst', null],
      ['slowUpstream', 'far'],
    ],
  );
});
