-- Plans, people, supplies and permits are changed by persons too: recorded like everything else that they change.
CALL audit_table('exercise_squad');
CALL audit_table('plan');
CALL audit_table('response');
CALL audit_table('response_role');
CALL audit_table('situation_report');
CALL audit_table('shift');
CALL audit_table('contact');
CALL audit_table('grid_owner');
CALL audit_table('store');
CALL audit_table('stock');
CALL audit_table('shelter');
CALL audit_table('permit');
CALL audit_table('work_order');
CALL audit_table('work_order_item');
