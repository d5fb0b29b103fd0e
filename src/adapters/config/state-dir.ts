// State directory: where what was learned is kept when the configuration does not say: where systemd says, where the user's
// state belongs (XDG), or nowhere when nobody is at home, as in most containers.
import { join } from 'node:path';
import type { Environment } from '../environment.ts';

export function stateDirOf({ known }: Environment): string | null {
  // Of several directories systemd lists, the first is the service's own.
  const ours = known.STATE_DIRECTORY?.split(':', 1)[0];
  if (ours) return ours;
  if (known.XDG_STATE_HOME !== null) return join(known.XDG_STATE_HOME, 'spillway');
  if (known.LOCALAPPDATA !== null) return join(known.LOCALAPPDATA, 'spillway');
  return known.HOME === null || known.HOME === '/' ? null : join(known.HOME, '.local', 'state', 'spillway');
}
