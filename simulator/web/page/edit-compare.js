// common are the lines that two texts share in their order, by their numbers in each. In two long texts that are quite
// different, only the beginning and the end are compared.
const mostCompared = 4e6;
export function common(a, c) {
  const inA = new Set(), inC = new Set(), both = (i, j) => { inA.add(i); inC.add(j); };
  let head = 0, tail = 0;
  for (; head < a.length && head < c.length && a[head] === c[head]; head++) both(head, head);
  for (; tail < a.length - head && tail < c.length - head && a.at(-1 - tail) === c.at(-1 - tail); tail++) both(a.length - 1 - tail, c.length - 1 - tail);
  const n = a.length - head - tail, m = c.length - head - tail;
  if (n * m > mostCompared) return [inA, inC];
  const longest = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) longest[i][j] = a[head + i] === c[head + j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  for (let i = 0, j = 0; i < n && j < m;) {
    if (a[head + i] === c[head + j]) both(head + i++, head + j++);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i++; else j++;
  }
  return [inA, inC];
}
