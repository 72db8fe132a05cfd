// All that html-validate knows of whole documents, of the standard and of accessibility.
export default {
  root: true,
  extends: [
    "html-validate:recommended",
    "html-validate:standard",
    "html-validate:a11y",
    "html-validate:document",
  ],
  rules: {
    // Many categories are ticked under one name: that is how HTML sends a list.
    "form-dup-name": ["error", { shared: ["radio", "checkbox"] }],
    // A page's title begins with the release's own, which is as long as its issuer made it.
    "long-title": "off",
    // WebKit takes a list without bullets for none, unless its role is said (https://webkit.org/b/170179).
    "no-redundant-role": ["error", { exclude: ["list"] }],
    // A page asks for files of its own service alone; a hash would guard them from ourselves.
    "require-sri": ["error", { target: "crossorigin" }],
    // Tables of releases are their issuers', and HTML finds the headers of a cell without a scope.
    "wcag/h63": "off",
  },
};
