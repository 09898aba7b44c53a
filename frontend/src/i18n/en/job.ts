export default {
  title: "job",
};
