import type { Translation } from "..";
import type en from "../en/jobs";

const zh: Translation<typeof en> = {
  title: "任务",
  newJob: "新建任务",
  import: "导入",
  export: "导出",
  exportYaml: "YAML 格式",
  exportJson: "JSON 格式",
  exportOf: "当前视图中的 {{total}} 个任务",
  copyLink: "复制当前视图的链接",
  linkCopied: "已复制当前视图的链接。",
  action: {
    run: "立即运行",
    kill: "终止",
    pause: "暂停",
    resume: "恢复",
    tag: "标签与分组",
    delete: "删除",
    edit: "编辑",
    copy: "复制为新任务",
    runs: "运行记录",
    more: "更多操作：{{name}}",
    of: "{{action}}：{{name}}",
  },
  done: {
    run: "已下令运行 {{name}}。",
    showRun: "查看运行",
    kill_other: "{{name}}：正在终止 {{count}} 次运行。",
    killNothing: "它已没有正在进行的运行。",
    pause: "{{name}} 已暂停。",
    resume: "{{name}} 从现在起恢复触发。",
    delete: "{{name}} 已删除。",
    save: "{{name}} 已保存。",
  },
  kill: {
    title: "终止 {{name}} 正在进行的运行？",
    what: "这些运行启动的所有进程都会收到 SIGTERM，超过任务的宽限时间后收到 SIGKILL。之后的触发不受影响。",
  },
  delete: {
    title: "删除 {{name}}？",
    what: "从此刻起它不再触发。正在进行的运行会继续到结束；如不应继续，请先终止。",
    kept: "过去的运行记录和变更历史会保留。",
  },
  strip: {
    none: "尚无运行记录",
    summary_other: "最近 {{count}} 次运行（最新的在右边）：{{parts}}",
  },
};

export default zh;
