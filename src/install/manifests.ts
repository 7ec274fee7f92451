/** Everything that `install` makes, in an order in which each finds what it needs. Pure. */
import { apiService, controllerDeployment, systemNamespace, type ControllerOptions } from './deployment.ts';
import { crds } from './crds.ts';
import type { InstallObject } from './install-object.ts';
import { controllerAccess, roles } from './cluster-roles.ts';

/** `controller` absent: CRDs and roles only. */
export function installObjects(controller?: ControllerOptions): InstallObject[] {
  return [
    ...crds(),
    systemNamespace(),
    ...roles(),
    ...(controller === undefined
      ? []
      : [
          ...controllerAccess(controller),
          ...(controller.api === undefined ? [] : [apiService(controller.api)]),
          controllerDeployment(controller),
        ]),
  ];
}

/** What `uninstall` removes, last made first. The namespace stays: others may keep metrics and secrets there. */
export function uninstallObjects(): InstallObject[] {
  const everything = installObjects({ image: '', replicas: 1, allowScripts: true, scriptImage: '', api: {} });
  return everything.filter(({ object }) => object.kind !== 'Namespace').toReversed();
}
