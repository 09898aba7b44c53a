import type { Translation } from "..";
import type en from "../en/import";

const zh: Translation<typeof en> = {
  title: "import",
};

export default zh;
