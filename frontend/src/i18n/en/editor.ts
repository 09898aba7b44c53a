export default {
  title: "editor",
};
