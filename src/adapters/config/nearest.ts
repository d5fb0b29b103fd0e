// Nearest: the right name somebody probably meant. Used in every message about an unknown name.

/** What users of other gateways write for our settings. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  apibase: ['baseUrl'],
  url: ['baseUrl', 'otlpEndpoint'],
  endpoint: ['baseUrl', 'otlpEndpoint'],
  token: ['apiKey', 'key'],
  rpm: ['requestsPerMinute'],
  tpm: ['tokensPerMinute'],
  maxparallelrequests: ['maxConcurrent'],
  concurrency: ['maxConcurrent'],
  priority: ['lane', 'tier'],
  order: ['tier'],
  modellist: ['models'],
  routes: ['models'],
  providers: ['upstreams'],
  backends: ['upstreams'],
  virtualkeys: ['keys'],
  masterkey: ['adminKey'],
  numretries: ['maxAttempts', 'retry'],
  attempts: ['maxAttempts'],
  fallbacks: ['targets'],
  timeout: ['timeouts', 'timeoutMs'],
  maxtokens: ['outputTokens'],
  contextwindow: ['contextTokens'],
  circuitbreaker: ['breaker'],
  healthcheck: ['health'],
  modelgroupalias: ['aliases'],
  awsregionname: ['region'],
  awsaccesskeyid: ['accessKeyId'],
  awssecretaccesskey: ['secretAccessKey'],
  awssessiontoken: ['sessionToken'],
  resourcename: ['resource'],
  vertexproject: ['project'],
  vertexlocation: ['location'],
  vertexcredentials: ['serviceAccountFile'],
};

/** Null when nothing is near enough to be worth saying. */
export function nearest(wrong: string, candidates: readonly string[]): string | null {
  const plain = simplify(wrong);
  const known = otherNames[plain]?.find((name) => candidates.includes(name));
  if (known !== undefined) return known;
  let best: string | null = null;
  // A third of the letters may be wrong: enough for typing errors, too little to suggest nonsense.
  let bestDistance = Math.floor(plain.length / 3) + 0.5;
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** ` — did you mean `x`?`, or the choices when they are few, or nothing. */
export function hint(wrong: string, candidates: readonly string[], choicesMax = 10): string {
  const near = nearest(wrong, candidates);
  if (near !== null) return ` — did you mean \`${near}\`?`;
  if (candidates.length === 0 || candidates.length > choicesMax) return '';
  return ` — known: ${candidates.map((name) => `\`${name}\``).join(', ')}`;
}

function simplify(name: string): string {
  return name.toLowerCase().replaceAll(/[_\-. ]/g, '');
}

/** Letters to add, drop, replace or swap with their neighbour. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const [above, aside, corner] = [last[column] ?? 0, current[column - 1] ?? 0, last[column - 1] ?? 0];
      let cost = Math.min(above + 1, aside + 1, corner + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
