// Reads GitHub's own description of its API, reduced to the operations that are called or emulated here.
//
// Prism needs seconds for the whole description, and it refers to files that are not published.

import { createRequire } from "node:module";

const SCOPE = String.raw`\/(repos\/{owner}\/{repo}|orgs\/{org}|enterprises\/{enterprise})`;
const PATHS = [
  /^\/(meta|rate_limit|versions|user|app)$/,
  new RegExp(`^${SCOPE}\\/actions\\/runners(\\/{runner_id}|\\/registration-token|\\/generate-jitconfig|\\/downloads)?$`),
  new RegExp(`^${SCOPE}\\/actions\\/runner-groups(\\/{runner_group_id}\\/(repositories|organizations))?$`),
  new RegExp(`^${SCOPE}\\/installation$`),
  /^\/users\/{username}\/installation$/,
  /^\/app\/installations(\/{installation_id}(\/access_tokens)?)?$/,
  /^\/app\/hook\/(config|deliveries(\/{delivery_id}(\/attempts)?)?)$/,
  /^\/installation\/(repositories|token)$/,
  new RegExp(`^${SCOPE}\\/hooks(\\/{hook_id}\\/deliveries(\\/{delivery_id}(\\/attempts)?)?)?$`),
  /^\/repos\/{owner}\/{repo}(\/actions\/jobs\/{job_id})?$/,
  /^\/(orgs\/{org}|user)\/repos$/,
  /^\/repos\/{owner}\/{repo}\/releases(\/latest)?$/,
  /^\/repos\/{owner}\/{repo}\/actions\/runs(\/{run_id}(\/jobs|\/cancel|\/attempts\/{attempt_number}(\/jobs)?)?)?$/,
];

/** Reads the description of GitHub Enterprise Cloud, the only one with enterprises. */
export function description() {
  const whole = createRequire(import.meta.url)("@octokit/openapi/generated/ghec.json");
  const paths = Object.entries(whole.paths).filter(([path]) => PATHS.some((pattern) => pattern.test(path)));
  const { openapi, info, servers } = whole;
  const cut = { openapi, info, servers, paths: Object.fromEntries(paths), components: {} };
  addReferred(cut.paths, whole, cut);
  closeBodies(cut);
  repairAccounts(cut);
  return cut;
}

/** Rejects fields in a request that are not described, so that misspelt fields are found. */
function closeBodies({ paths, components }) {
  for (const { requestBody } of Object.values(paths).flatMap(Object.values)) {
    const schema = requestBody?.content["application/json"]?.schema;
    const body = schema?.$ref ? components.schemas[schema.$ref.split("/").at(-1)] : schema;
    if (body?.properties) body.additionalProperties ??= false;
  }
}

/** Corrects the account of a listed installation: it is described as both a user and an enterprise, and is one of them. */
function repairAccounts({ paths }) {
  const listed = paths["/app/installations"].get.responses[200].content["application/json"].schema;
  const { account } = listed.items.properties;
  account.anyOf = account.allOf;
  delete account.allOf;
}

/** Returns the query parameters of a request that are not described; Prism accepts them. */
export function unknownParameters({ paths, components }, method, url) {
  const { pathname, searchParams } = new URL(url, "http://host");
  const segments = pathname.split("/").length;
  const fits = (path) => path.split("/").length === segments && pattern(path).test(pathname);
  const [, operations] = Object.entries(paths).find(([path]) => fits(path)) ?? [];
  const described = operations?.[method.toLowerCase()]?.parameters ?? [];
  const names = described.map(({ $ref, name }) =>
    $ref ? components.parameters[$ref.split("/").at(-1)].name : name,
  );
  return [...searchParams.keys()].filter((name) => !names.includes(name));
}

function pattern(path) {
  return new RegExp(`^${path.replaceAll(/{\w+}/g, "[^/]+")}$`);
}

/** Adds the components that a value refers to, recursively. */
function addReferred(value, whole, cut) {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key !== "$ref" || typeof inner !== "string") {
      addReferred(inner, whole, cut);
      continue;
    }
    const [, , kind, name] = inner.split("/");
    cut.components[kind] ??= {};
    if (name in cut.components[kind]) continue;
    cut.components[kind][name] = whole.components[kind][name];
    addReferred(cut.components[kind][name], whole, cut);
  }
}
