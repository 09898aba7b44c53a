import type { Translation } from "..";
import type en from "../en/editor";

const zh: Translation<typeof en> = {
  title: "editor",
};

export default zh;
