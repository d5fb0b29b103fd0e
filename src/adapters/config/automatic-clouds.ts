// Clouds' variables as upstreams. They are set for many programs at once, so an upstream is made only where they can mean
// nothing else than a model: a key of Azure OpenAI with its endpoint, a Bedrock key with a region, a Google credentials file
// with a project. Plain AWS keys are everybody's and make none: list `bedrock` in a file to use them.
import type { UpstreamConfig } from '../../ports/config.ts';
import type { Environment } from '../environment.ts';
import { isKey, splitKeys, urlTrouble } from './reading.ts';

type Cloud = Pick<UpstreamConfig, 'provider'> & Partial<UpstreamConfig>;
type Known = Environment['known'];

export function cloudUpstreams(known: Known, problems: string[]): Cloud[] {
  return [azure(known, problems), bedrock(known, problems), vertex(known)].filter((cloud) => cloud !== null);
}

function azure(known: Known, problems: string[]): Cloud | null {
  const apiKeys = keysOf(known, 'AZURE_OPENAI_API_KEY', problems);
  const endpoint = known.AZURE_OPENAI_ENDPOINT;
  if (apiKeys.length === 0 || endpoint === null) return null;
  const trouble = urlTrouble(endpoint);
  if (trouble !== null) problems.push(`environment variable AZURE_OPENAI_ENDPOINT: ${trouble}`);
  const apiVersion = known.OPENAI_API_VERSION;
  return { provider: 'azure-openai', apiKeys, account: { endpoint, ...(apiVersion !== null && { apiVersion }) } };
}

function bedrock(known: Known, problems: string[]): Cloud | null {
  const apiKeys = keysOf(known, 'AWS_BEARER_TOKEN_BEDROCK', problems);
  const region = known.AWS_REGION ?? known.AWS_DEFAULT_REGION;
  return apiKeys.length === 0 || region === null ? null : { provider: 'bedrock', apiKeys, account: { region } };
}

/** The credentials file itself is found by Google's library. */
function vertex(known: Known): Cloud | null {
  const { GOOGLE_CLOUD_PROJECT: project, GOOGLE_CLOUD_LOCATION: location } = known;
  if (project === null || known.GOOGLE_APPLICATION_CREDENTIALS === null) return null;
  return { provider: 'vertex', account: { project, ...(location !== null && { location }) } };
}

function keysOf(
  known: Known,
  name: 'AZURE_OPENAI_API_KEY' | 'AWS_BEARER_TOKEN_BEDROCK',
  problems: string[],
): readonly string[] {
  const keys = splitKeys(known[name]);
  if (!keys.every(isKey))
    problems.push(`environment variable ${name}: this key holds white space or characters no key has`);
  return keys;
}
