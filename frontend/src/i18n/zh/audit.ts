import type { Translation } from "..";
import type en from "../en/audit";

const zh: Translation<typeof en> = {
  title: "audit",
};

export default zh;
