mod real_plans;
