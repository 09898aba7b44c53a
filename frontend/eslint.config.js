import js from "@eslint/js";
import tseslint from "typescript-eslint";

const HTML_FROM_TEXT = "Text is inserted as text: build elements with h() of src/ui/dom.ts.";

export default tseslint.config(
  { ignores: ["node_modules", "src/api/schema.ts", "public"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "html", "parseHTML", "eval"].map((property) => ({
          property,
          message: HTML_FROM_TEXT,
        })),
      ],
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
