// Microsoft Entra tokens, by Microsoft's own library, which few need and everybody would have to carry: it is installed by
// whoever uses it. Its default chain finds a service principal (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET), a
// workload identity, a managed identity, or the developer's own sign-in.
import type { EntraAuth } from '../../kernel/dynamic-auth.ts';
import { CredentialError } from '../../ports/credentials.ts';
import type { Obtain } from './renewed.ts';
import { troubleOf } from './token-trouble.ts';

/** The part of `@azure/identity` used here. */
interface AzureIdentity {
  readonly DefaultAzureCredential: new () => AzureCredential;
}
interface AzureCredential {
  getToken(scope: string): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

const PACKAGE: string = '@azure/identity';
export type LoadAzure = () => Promise<unknown>;
// By a name the compiler does not follow: the package may be absent.
const load: LoadAzure = () => import(PACKAGE);

export function entraTokens({ scope }: EntraAuth, loadAzure: LoadAzure = load): Obtain<string> {
  let credential: AzureCredential | null = null;
  return async (anew) => {
    // The library keeps tokens by itself, one set for each credential.
    if (anew) credential = null;
    credential ??= await connect(loadAzure);
    try {
      const got = await credential.getToken(scope);
      if (got === null) throw new Error('no token came');
      return { value: got.token, expiresAt: got.expiresOnTimestamp };
    } catch (error) {
      throw troubleOf(error, 'Microsoft Entra');
    }
  };
}

async function connect(loadAzure: LoadAzure): Promise<AzureCredential> {
  let identity: AzureIdentity;
  try {
    identity = (await loadAzure()) as AzureIdentity;
  } catch {
    throw new CredentialError(
      'credential',
      `Entra tokens need the package ${PACKAGE}, which is not installed: run \`npm install ${PACKAGE}\`, or use an \`apiKey\``,
    );
  }
  return new identity.DefaultAzureCredential();
}
