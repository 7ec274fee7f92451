/** What stands at the end of the help of each command. Every line works as it stands, in a place that has such an experiment. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  run: [
    'iter8ctl run -f experiment.yaml --report html=report.html',
    "iter8ctl run --local --url http://127.0.0.1:8080/ --slo 'p95<=300ms' --slo 'error-rate<=1%'",
  ],
  watch: ['iter8ctl watch canary -n shop --timeout 30m', 'iter8ctl watch --all -o ndjson'],
  describe: [
    'iter8ctl describe canary -n shop --chart',
    'kubectl get experiment canary -o yaml | iter8ctl describe -f - --exit-code',
  ],
  explain: [
    'iter8ctl explain canary -n shop',
    "iter8ctl judge results.json --slo 'p95<=300ms' -o raw | iter8ctl explain -f -",
  ],
  assert: [
    'iter8ctl assert canary -c completed -c winnerFound --timeout 10m',
    'iter8ctl assert --local -c candidateWon',
  ],
  get: [
    'iter8ctl get -A -o wide',
    "iter8ctl get -o jsonpath='{.items[*].metadata.name}'",
    'iter8ctl get -l app=shop -w',
  ],
  plan: ['iter8ctl plan -f experiment.yaml', 'iter8ctl plan canary -n shop'],
  init: [
    "iter8ctl init --url http://127.0.0.1:8080/ --slo 'p95<=300ms' --name hello > experiment.yaml",
    "iter8ctl init --metrics istio --prometheus http://prometheus.istio-system:9090 --versions v1,v2 --slo 'error-rate<=1%'",
  ],
  replay: [
    "iter8ctl replay .iter8/records/default/hello.ndjson --slo 'p95<=200ms' --exit-code",
    'iter8ctl replay experiment.yaml --confidence 0.99 -o json',
  ],
  judge: [
    "iter8ctl judge results.json --slo 'p95<=300ms' --slo 'error-rate<=1%' --report html=report.html",
    "iter8ctl judge access.log -f experiment.yaml --split-by 'upstream=10.0.0.1:80,10.0.0.2:80'",
  ],
  diff: [
    'iter8ctl diff before.json after.json --fail-on-regression',
    'iter8ctl diff hello --local --version-a v1 --version-b v2',
    'iter8ctl diff monday.csv tuesday.csv --missing 0 --timeout 20s -o markdown',
  ],
  aa: [
    'iter8ctl aa --url http://127.0.0.1:8080/ --qps 50 --duration 1m',
    'iter8ctl aa -f experiment.yaml --duration 2m',
    'iter8ctl aa results.json --timeout 30s --piece 1s',
  ],
  debug: ['iter8ctl debug canary -n shop', 'iter8ctl debug --local'],
  install: ['iter8ctl install --dry-run | less', 'iter8ctl install --image registry.example.com/iter8ctl:0.1.0'],
  uninstall: ['iter8ctl uninstall --dry-run', 'iter8ctl uninstall'],
  controller: ['iter8ctl controller -n shop', 'iter8ctl controller --health-address 127.0.0.1:8081 --log-format text'],
  approve: ['iter8ctl approve canary -n shop', 'iter8ctl approve canary --local'],
  reject: ['iter8ctl reject canary -n shop', 'iter8ctl reject canary --local'],
  pause: ['iter8ctl pause canary -n shop', 'iter8ctl pause canary --local'],
  resume: ['iter8ctl resume canary -n shop', 'iter8ctl resume canary --local'],
  abort: ['iter8ctl abort canary -n shop', 'iter8ctl abort canary --local'],
  delete: ['iter8ctl delete canary-1 canary-2 -n shop', 'iter8ctl delete --local --all'],
  completion: [
    'source <(iter8ctl completion bash)',
    'iter8ctl completion fish > ~/.config/fish/completions/iter8ctl.fish',
  ],
};
