// Prints what Netlify's own parsers read in the two files, as JSON: node static-host.mjs _headers _redirects
import { parseAllHeaders } from '@netlify/headers-parser'
import { parseAllRedirects } from '@netlify/redirect-parser'

const [headersFile, redirectsFile] = process.argv.slice(2)
const headers = await parseAllHeaders({ headersFiles: [headersFile], minimal: false })
const redirects = await parseAllRedirects({ redirectsFiles: [redirectsFile], minimal: false })
console.log(
  JSON.stringify({
    headers: headers.headers.map(({ forRegExp, values }) => ({ pattern: forRegExp.source, values })),
    redirects: redirects.redirects,
    errors: [...headers.errors, ...redirects.errors].map(String),
  }),
)
