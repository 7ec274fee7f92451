/** Reports what happens to an experiment as Kubernetes Events about it; where there is no cluster, nothing is reported. */
import type { Experiment } from '../experiment/experiment.ts';
import type { EventWriter } from '../adapters/kube/kubernetes-events.ts';
import type { Event } from '../drive/events.ts';
import { kubeEventsOf } from '../report/kube-events.ts';

export function publishEvents(events: EventWriter | undefined, { metadata, spec }: Experiment, event: Event): void {
  if (events === undefined) return;
  const about = { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
  for (const { reason, message, warning } of kubeEventsOf(event, spec.target))
    events.write(about, { reason, message, warning, timeMs: Date.parse(event.time) });
}
