/** The short form of `npm run kills -- --cluster pod`: the controller's pod is killed, and another one goes on. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterKillDrill } from '../../../support/cluster-kill-drill.ts';
import { describeLab, iter8ctlProcess, KUBECONFIG, kubectl, removeController } from '../../../support/cluster.ts';
import { CONTROLLER_IMAGE } from '../../../support/installed-api.ts';
import { makeImage } from '../../../support/lab-image.ts';

describeLab('the pod of the controller', () => {
  beforeAll(async () => {
    await makeImage(CONTROLLER_IMAGE, 'iter8ctl');
    const installed = await iter8ctlProcess(['install', '--image', CONTROLLER_IMAGE]);
    expect(installed.code, installed.err).toBe(0);
  });

  afterAll(removeController);

  it('is deleted or killed: nothing is done twice, nothing is lost, and traffic is where it should be', async () => {
    const address = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
    const host = await kubectl(['get', 'nodes', '-o', `jsonpath=${address}`]);
    const options = { kubeconfig: KUBECONFIG, driver: 'pod', lostSeconds: 5, host } as const;
    const { killed, faults } = await clusterKillDrill(2, options);
    expect(faults).toEqual([]);
    // The version, what holds its weights, and at least one kill with the next leader.
    expect(killed.length, killed.join(', ')).toBeGreaterThanOrEqual(4);
  });
});
