export default {
  title: "jobs",
};
