// Rules about errors, also in values; not about style.
export default {
  extends: "stylelint-config-recommended",
  rules: {
    // It does not know the documents and compares selectors that never match the same element.
    "no-descending-specificity": null,
    "no-unknown-custom-properties": true,
  },
  overrides: [
    {
      files: ["**/feed.css"],
      rules: {
        // The style sheet of Atom and RSS documents, whose elements these are.
        "selector-type-no-unknown": [
          true,
          {
            ignoreTypes: [
              "category",
              "channel",
              "copyright",
              "day",
              "description",
              "entry",
              "feed",
              "item",
              "rights",
              "rss",
              "subtitle",
            ],
          },
        ],
      },
    },
  ],
};
