// Bundles parts.js into ../page/codemirror.js, writes the licences of what is in it, and records the hashes of all.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = "../page/codemirror.js", licences = "../page/codemirror.txt";
const made = await build({
  entryPoints: ["parts.js"], outfile: out, bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8", metafile: true,
  legalComments: "none", banner: { js: "/*! CodeMirror 6 and what it needs, all under the MIT licence: see codemirror.txt beside this file. */" },
});
const inside = new Set(Object.keys(made.metafile.outputs[out].inputs).map(p => p.match(/^node_modules\/(@[^/]+\/[^/]+|[^/]+)/)?.[1]).filter(Boolean));
const texts = [...inside].sort().map(name => {
  const folder = "node_modules/" + name, { version, license } = JSON.parse(readFileSync(folder + "/package.json"));
  const file = readdirSync(folder).find(f => /^licen[cs]e/i.test(f));
  if (license !== "MIT" || !file) throw new Error(`${name} is not under the MIT licence`);
  return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
});
writeFileSync(licences, "codemirror.js holds parts of these packages.\n\n" + texts.join("\n----\n\n"));
writeFileSync("SHA256SUMS", ["build.mjs", "package-lock.json", "parts.js", out, licences].
  map(f => createHash("sha256").update(readFileSync(f)).digest("hex") + "  " + f + "\n").join(""));
