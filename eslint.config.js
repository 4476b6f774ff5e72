import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    files: ["frontend/static/js/**/*.js"],
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: "module",
      globals: globals.browser,
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-console": ["error", { allow: ["error"] }],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Build elements, or set textContent: a person's words are never markup." },
        { property: "outerHTML", message: "Build elements: a person's words are never markup." },
      ],
      "no-restricted-globals": ["error", "event", "name"],
    },
  },
  // A worklet runs without a window.
  { files: ["frontend/static/js/audio/*worklet*.js"], languageOptions: { globals: globals.audioWorklet } },
];
