import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { describeMetrics } from "../scripts/metrics-document.ts";
import { readConfig } from "../src/config.ts";
import { createStatusServer } from "../src/http/status.ts";
import { createMetrics } from "../src/lib/metrics.ts";

const read = (path: string): string => readFileSync(path, "utf8");

/** Of a service in docker-compose.yml, what is judged here. */
interface Service {
  image?: string;
  build?: string;
  profiles?: string[];
  environment: Record<string, string | number>;
  volumes?: string[];
  secrets?: string[];
  ports?: string[];
  stop_grace_period?: string;
}

interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { environment: string }>;
  volumes: Record<string, unknown>;
}

/** Of a manifest of Kubernetes, what is judged here. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    replicas?: number;
    minAvailable?: number;
    selector?: Record<string, string> & { matchLabels?: Record<string, string> };
    ports?: { targetPort: string }[];
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
}

interface PodSpec {
  automountServiceAccountToken: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext: { runAsNonRoot: boolean; runAsUser: number; seccompProfile: { type: string } };
  containers: Container[];
  volumes: { name: string }[];
}

interface Container {
  image: string;
  command?: string[];
  env?: { name: string; value: string }[];
  ports?: { name: string; containerPort: number }[];
  securityContext: Record<string, unknown>;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  volumeMounts: { name: string }[];
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  [probe: `${string}Probe`]: { httpGet: { path: string; port: string } } | undefined;
}

const compose = parse(read("docker-compose.yml"), { merge: true }) as Compose;
const manifests = globSync("deploy/kubernetes/*.yaml").flatMap((path) =>
  parseAllDocuments(read(path)).map((document): Manifest => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Manifest;
  }),
);
const ofKind = (kind: string): Manifest[] => manifests.filter((one) => one.kind === kind);
const namesOf = (kind: string): string[] => ofKind(kind).map(({ metadata }) => metadata.name);
const pods = manifests.filter(({ kind }) => kind === "Deployment" || kind === "Job");
const containers = pods.flatMap(({ spec }) => spec.template.spec.containers);

/** The variables that src/config.ts reads. */
const variables = new Set(
  [...read("src/config.ts").matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name),
);

/** The names of metrics in an expression of Prometheus. A histogram has several series. */
const metricsIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:smsgraph|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ""),
  );
const metrics = new Set(describeMetrics().map(({ name }) => name));

describe("docker-compose.yml", () => {
  const { services } = compose;
  const own = Object.entries(services).filter(([, { build }]) => build !== undefined);

  it("starts two API processes and a worker, whose variables are all known to src/config.ts", () => {
    expect(own.map(([name]) => name)).toEqual(["api-1", "api-2", "worker"]);
    for (const [, { environment }] of own) {
      const production = Object.fromEntries(
        Object.entries(environment).filter(([, value]) => !String(value).includes("${")),
      );
      expect(Object.keys(environment).filter((name) => !variables.has(name))).toEqual([]);
      expect(environment["ROLE"]).toMatch(/^(api|worker)$/);
      expect(production["NODE_ENV"]).toBe("production");
    }
  });

  it("pins the version of every image that it does not build", () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? []);
    expect(images).toHaveLength(4);
    for (const image of images) expect(image).toMatch(/:v?\d/);
  });

  it("has in the profile monitoring a Prometheus and a Grafana, with files that exist", () => {
    const monitoring = Object.entries(services).filter(([, { profiles }]) =>
      profiles?.includes("monitoring"),
    );
    expect(monitoring.map(([name]) => name)).toEqual(["prometheus", "grafana"]);
    for (const [, { volumes = [], ports = [] }] of monitoring) {
      for (const volume of volumes) {
        const [from = ""] = volume.split(":");
        expect(from.startsWith("./") ? existsSync(from) : from in compose.volumes).toBe(true);
      }
      // Neither has a lock that is meant for strangers.
      expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
    }
  });

  it("scrapes every process by a name that it accepts and on the port where it listens, with the token as a file", () => {
    const config = parse(read("deploy/prometheus/prometheus.yml")) as {
      rule_files: string[];
      scrape_configs: [
        { authorization: { credentials_file: string }; static_configs: [{ targets: string[] }] },
      ];
    };
    const [job] = config.scrape_configs;
    expect(job.static_configs[0].targets).toEqual(own.map(([name]) => `${name}:4000`));
    const [apis, workers] = ["api", "worker"].map((role) =>
      own.filter(([, { environment }]) => environment["ROLE"] === role),
    );
    for (const [, { environment }] of workers ?? []) expect(environment["WORKER_PORT"]).toBe(4000);
    for (const [name, { environment }] of apis ?? [])
      expect(String(environment["ALLOWED_HOSTS"]).split(" ")).toContain(name);
    const [secret = ""] = services["prometheus"]?.secrets ?? [];
    expect(job.authorization.credentials_file).toBe(`/run/secrets/${secret}`);
    expect(compose.secrets[secret]).toEqual({ environment: "METRICS_TOKEN" });
    for (const file of config.rule_files) expect(existsSync(`deploy/prometheus/${file}`)).toBe(true);
  });
});

describe("the alert rules", () => {
  const { groups } = parse(read("deploy/prometheus/alerts.yml")) as {
    groups: { rules: { alert: string; expr: string; labels: object; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it("have each a name of its own, a severity and a summary", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { labels, annotations } of rules) {
      expect(labels).toEqual({ severity: expect.stringMatching(/^(page|ticket)$/) });
      expect(annotations.summary).not.toBe("");
    }
  });

  it("name only metrics that exist", () => {
    const named = rules.flatMap(({ expr }) => metricsIn(expr));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !metrics.has(name))).toEqual([]);
  });
});

describe("the dashboard", () => {
  const dashboard = JSON.parse(read("deploy/grafana/dashboards/smsgraph.json")) as {
    panels: { id: number; title: string; datasource: { uid: string }; targets: { expr: string }[] }[];
  };
  const named = dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr)));

  it("names only metrics that exist, and each of ours at least once", () => {
    expect(named.filter((name) => !metrics.has(name))).toEqual([]);
    expect([...metrics].filter((name) => name.startsWith("smsgraph_") && !named.includes(name))).toEqual([]);
  });

  it("asks the data source that is provisioned, and its panels have ids of their own", () => {
    const source = parse(read("deploy/grafana/provisioning/datasources/prometheus.yml")) as {
      datasources: [{ uid: string }];
    };
    for (const { datasource } of dashboard.panels) expect(datasource.uid).toBe(source.datasources[0].uid);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe("the manifests of Kubernetes", () => {
  it("are all listed by the kustomization", () => {
    const { resources } = parse(read("deploy/kubernetes/kustomization.yaml")) as { resources: string[] };
    const files = globSync("deploy/kubernetes/*.yaml").map((path) =>
      path.replaceAll("\\", "/").split("/").at(-1),
    );
    expect(new Set([...resources, "kustomization.yaml"])).toEqual(new Set(files));
  });

  it("are two deployments, a migration, a service and a budget for each deployment", () => {
    expect(namesOf("Deployment")).toEqual(["smsgraph-api", "smsgraph-worker"]);
    expect(namesOf("PodDisruptionBudget")).toEqual(["smsgraph-api", "smsgraph-worker"]);
    expect(namesOf("Job")).toEqual(["smsgraph-migrate"]);
    expect(namesOf("Service")).toEqual(["smsgraph"]);
  });

  it("a budget leaves at least one pod, and allows one to go", () => {
    for (const { spec, metadata } of ofKind("PodDisruptionBudget")) {
      const deployment = ofKind("Deployment").find((one) => one.metadata.name === metadata.name);
      expect(deployment?.spec.replicas).toBeGreaterThan(spec.minAvailable ?? 0);
      expect(deployment?.spec.template.metadata.labels).toEqual(spec.selector?.matchLabels);
    }
  });

  it("the service finds the API's pods and their port", () => {
    const [api] = ofKind("Deployment");
    const [service] = ofKind("Service");
    expect(api?.spec.template.metadata.labels).toEqual(service?.spec.selector);
    expect(api?.spec.template.spec.containers[0]?.ports?.[0]?.name).toBe(
      service?.spec.ports?.[0]?.targetPort,
    );
  });

  it("every variable is known to src/config.ts, and the configuration is accepted in production", () => {
    const [config] = ofKind("ConfigMap");
    const set = { ...config?.data };
    for (const { name, value } of containers.flatMap(({ env = [] }) => env)) set[name] = value;
    expect(Object.keys(set).filter((name) => !variables.has(name))).toEqual([]);
    const secrets = {
      DATABASE_URL: "postgresql://smsgraph:password@db:5432/smsgraph",
      SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString("base64"),
      METRICS_TOKEN: "0123456789abcdef",
    };
    expect(readConfig({ ...set, ...secrets }).web.metrics).toBe(true);
  });

  it("a pod has the time to drain that docker-compose.yml gives, besides the pause before its stop", () => {
    const drain = Number.parseInt(compose.services["api-1"]?.stop_grace_period ?? "", 10);
    for (const { spec } of ofKind("Deployment")) {
      const {
        terminationGracePeriodSeconds,
        containers: [container],
      } = spec.template.spec;
      const pause = container?.lifecycle?.preStop.sleep.seconds ?? 0;
      expect(terminationGracePeriodSeconds).toBe(drain + pause);
    }
  });

  it("nothing runs as root, may become root or writes into its image, and all has bounds", () => {
    for (const { spec } of pods) {
      const pod = spec.template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    }
    for (const { securityContext, resources, volumeMounts } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(Object.keys(resources.requests)).toEqual(["cpu", "memory"]);
      expect(resources.limits["memory"]).toBeDefined();
      expect(volumeMounts.map(({ name }) => name)).toEqual(["tmp"]);
    }
  });

  it("every command names a file that exists", () => {
    const commands = containers.flatMap(({ command }) => command?.at(-1) ?? []);
    expect(commands).toEqual(["src/cli/migrate.ts"]);
    for (const file of commands) expect(existsSync(file)).toBe(true);
  });

  it("every probe asks for a path that a process answers, on a port that it has", async () => {
    const server = createStatusServer({
      ready: () => Promise.resolve(undefined),
      metrics: createMetrics(),
      web: { ...readConfig({}).web },
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const probes = containers.flatMap((container) =>
      (["startupProbe", "livenessProbe", "readinessProbe"] as const).flatMap((name) => {
        const probe = container[name];
        return probe ? [{ container, ...probe.httpGet }] : [];
      }),
    );
    expect(probes).toHaveLength(6);
    for (const { container, path, port: name } of probes) {
      expect(container.ports?.map((one) => one.name)).toContain(name);
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
    }
    server.close();
  });
});
