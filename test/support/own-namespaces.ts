/** What the files share that keep to namespaces of their own: made once, before the first of them. */
import { installOurs, installRoutes, KUBECONFIG } from './cluster.ts';

export default async function setUp(): Promise<void> {
  if (KUBECONFIG === '') return;
  await installOurs();
  await installRoutes();
}
