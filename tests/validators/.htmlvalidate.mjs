// All rules of html-validate for whole documents, the standard and accessibility.
export default {
  root: true,
  extends: [
    "html-validate:recommended",
    "html-validate:standard",
    "html-validate:a11y",
    "html-validate:document",
  ],
  rules: {
    // The checkboxes of the categories share a name: so HTML sends a list.
    "form-dup-name": ["error", { shared: ["radio", "checkbox"] }],
    // A page's title contains the release's, which may be long.
    "long-title": "off",
    // WebKit does not treat a list without bullets as one without the role (https://webkit.org/b/170179).
    "no-redundant-role": ["error", { exclude: ["list"] }],
    // Pages load only files of their own service, for which a hash adds no protection.
    "require-sri": ["error", { target: "crossorigin" }],
    // Tables in releases come from their issuers; HTML finds the headers of a cell without a scope.
    "wcag/h63": "off",
  },
};
