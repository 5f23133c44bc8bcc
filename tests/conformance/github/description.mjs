// Reads GitHub's own description of its API, cut down to what is called or emulated here.
//
// The whole of it takes Prism seconds and refers to files that were not published.

import { createRequire } from "node:module";

const SCOPE = String.raw`\/(repos\/{owner}\/{repo}|orgs\/{org}|enterprises\/{enterprise})`;
const KEPT = [
  /^\/(meta|rate_limit)$/,
  new RegExp(`^${SCOPE}\\/actions\\/runners(\\/{runner_id}|\\/registration-token|\\/generate-jitconfig)?$`),
  new RegExp(`^${SCOPE}\\/actions\\/runner-groups(\\/{runner_group_id}\\/(repositories|organizations))?$`),
  new RegExp(`^${SCOPE}\\/installation$`),
  /^\/app\/installations(\/{installation_id}\/access_tokens)?$/,
  /^\/app\/hook\/(config|deliveries(\/{delivery_id}(\/attempts)?)?)$/,
  /^\/installation\/repositories$/,
  new RegExp(`^${SCOPE}\\/hooks(\\/{hook_id}\\/deliveries(\\/{delivery_id}(\\/attempts)?)?)?$`),
  /^\/repos\/{owner}\/{repo}(\/actions\/jobs\/{job_id})?$/,
  /^\/(orgs\/{org}|user)\/repos$/,
  /^\/repos\/{owner}\/{repo}\/releases$/,
  /^\/repos\/{owner}\/{repo}\/actions\/runs(\/{run_id}(\/jobs|\/cancel)?)?$/,
];

/** Reads the description of GitHub Enterprise Cloud, the only one that has enterprises. */
export function description() {
  const whole = createRequire(import.meta.url)("@octokit/openapi/generated/ghec.json");
  const paths = Object.entries(whole.paths).filter(([path]) => KEPT.some((kept) => kept.test(path)));
  const { openapi, info, servers } = whole;
  const cut = { openapi, info, servers, paths: Object.fromEntries(paths), components: {} };
  addReferred(cut.paths, whole, cut);
  closeBodies(cut);
  mendAccounts(cut);
  return cut;
}

/** Allows no field in a request that is not described: a misspelt one is not a further one. */
function closeBodies({ paths, components }) {
  for (const { requestBody } of Object.values(paths).flatMap(Object.values)) {
    const schema = requestBody?.content["application/json"]?.schema;
    const body = schema?.$ref ? components.schemas[schema.$ref.split("/").at(-1)] : schema;
    if (body?.properties) body.additionalProperties ??= false;
  }
}

/** In its list, the account of an installation is described as a user and an enterprise in one: it is either. */
function mendAccounts({ paths }) {
  const listed = paths["/app/installations"].get.responses[200].content["application/json"].schema;
  const { account } = listed.items.properties;
  account.anyOf = account.allOf;
  delete account.allOf;
}

/** Finds the parameters in a request's query that are not described, which Prism lets pass. */
export function strayParameters({ paths, components }, method, url) {
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

/** Adds what a part refers to, and what that refers to. */
function addReferred(part, whole, cut) {
  if (typeof part !== "object" || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    if (key !== "$ref" || typeof value !== "string") {
      addReferred(value, whole, cut);
      continue;
    }
    const [, , kind, name] = value.split("/");
    cut.components[kind] ??= {};
    if (name in cut.components[kind]) continue;
    cut.components[kind][name] = whole.components[kind][name];
    addReferred(cut.components[kind][name], whole, cut);
  }
}
