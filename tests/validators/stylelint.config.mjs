// What is wrong in any style sheet, values included; how it is written is nobody's business here.
export default {
  extends: "stylelint-config-recommended",
  rules: {
    // It knows no document, and takes links for the same that are never of one kind (.above a, header.site a).
    "no-descending-specificity": null,
    "no-unknown-custom-properties": true,
  },
  overrides: [
    {
      files: ["**/feed.css"],
      rules: {
        // It dresses Atom and RSS documents, of which these are the elements.
        "selector-type-no-unknown": [
          true,
          {
            ignoreTypes: [
              "category",
              "channel",
              "copyright",
              "description",
              "entry",
              "feed",
              "item",
              "pubDate",
              "published",
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
